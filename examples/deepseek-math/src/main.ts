console.log("hi");export {};
