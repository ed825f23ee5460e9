export {};
//# sourceMappingURL=subscription.js.map