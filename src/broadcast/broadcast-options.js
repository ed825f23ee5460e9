export {};
//# sourceMappingURL=broadcast-options.js.map