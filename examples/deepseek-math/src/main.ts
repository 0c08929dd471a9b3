console.log("hi");

export {};
