export {};
//# sourceMappingURL=mercure-options.js.map