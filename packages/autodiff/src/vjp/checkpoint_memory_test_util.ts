/**
 * Prints the peak memory, in MiB, of a process that runs forward and backward of a chain of 16 wide blocks: `keep`
 * keeps all activations, `checkpoint` computes them again, `none` runs a single narrow block.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { input, type Tensor } from "../ir/tensor.ts";
import { buildModel } from "../onnx/encode.ts";
import { add, matmul, mul, sigmoid, sin, sum, tanh } from "../ops/mod.ts";
import { openSession } from "../session/session.ts";
import { checkpoint } from "./checkpoint.ts";
import { gradients } from "./gradients.ts";

const mode = process.argv[2];
const [rows, size, wide] = [256, 32, mode === "none" ? 32 : 4096];
const blocks = mode === "none" ? 1 : 16;
const block = (x: Tensor, up: Tensor, down: Tensor) => {
  const inner = matmul(x, up);
  return add(x, matmul(mul(sigmoid(inner), sin(tanh(inner))), down));
};
const x = input("x", "float32", [rows, size]);
const [up, down] = [input("up", "float32", [size, wide]), input("down", "float32", [wide, size])];
let hidden = x;
for (let i = 0; i < blocks; i++) {
  const from = hidden;
  hidden = mode === "checkpoint" ? checkpoint(() => block(from, up, down)) : block(from, up, down);
}
const [gradient] = gradients(sum(mul(hidden, hidden)), [up]);
const session = await openSession(buildModel({ outputs: { gradient }, inputs: [x, up, down] }), { threads: 2 });
const filled = (...shape: [number, number]) => ({ data: new Float32Array(shape[0] * shape[1]).fill(0.01), shape });
await session.run({ x: filled(rows, size), up: filled(size, wide), down: filled(wide, size) });
const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))!;
console.log(Math.round(Number(kilobytes) / 1024));
