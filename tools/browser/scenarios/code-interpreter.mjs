import { createInterpreter } from "@gradus/code-interpreter";

export default {
  "programs, their errors and their limits": async () => {
    const python = await createInterpreter({ memoryLimitMb: 128 });
    try {
      const results = [];
      for (const program of [
        "print(2 ** 100)",
        "1 / 0",
        "import builtins; builtins.print = None",
        "print([i * i for i in range(5)])",
        "import js",
        "x = bytearray(10 ** 9)",
        "while True: pass",
        "print('after')",
      ]) {
        const { output, error, truncated, timedOut } = await python.run(program, { timeLimitMs: 1000 });
        results.push({ output, error: error ?? null, truncated, timedOut });
      }
      return results;
    } finally {
      python.close();
    }
  },
};
