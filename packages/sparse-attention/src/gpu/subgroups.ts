// Subgroups: threads that read each other's registers, 4 to 128 of them as the device likes. They spare reductions most of
// their way through workgroup memory, and barriers.
//
// Nothing here depends on the size: `lanes` neighbouring threads reduce among themselves, and what is left of the reduction
// goes through workgroup memory as it does without subgroups. WGSL does not promise which threads make a subgroup, so that is
// looked at once (`findLanes`), not assumed.
import { out, type Runtime, u32 } from "./runtime.ts";

/**
 * How many threads in a row of a workgroup, a power of two, share a subgroup whatever kernel runs; 1 where the device has no
 * subgroups or its threads are not in order.
 */
export async function findLanes(runtime: Runtime): Promise<number> {
  const { device } = runtime;
  if (!device.features.has("subgroups")) return 1;
  // The least that any kernel may get; a device that does not say has 4 at least.
  let lanes = (device.adapterInfo as { subgroupMinSize?: number } | undefined)?.subgroupMinSize || 4;
  for (const size of [16, 64, 256]) {
    const found = runtime.buffer(size * 3);
    await runtime.run({
      label: "subgroups",
      code: `
@compute @workgroup_size(${size})
fn main(@builtin(local_invocation_index) lid: u32, @builtin(subgroup_invocation_id) lane: u32, @builtin(subgroup_size) size: u32) {
  found[lid] = lane + 0u * params.workgroups;
  found[${size}u + lid] = size;
  found[${2 * size}u + lid] = subgroupBroadcastFirst(lid);
}`,
      parameters: {},
      buffers: { found: out(u32(found)) },
      workgroups: 1,
    });
    lanes = lanesIn(new Uint32Array(await runtime.read(found, size * 3)), lanes);
    found.destroy();
  }
  return lanes;
}

/** `lanes`, or fewer if subgroups are smaller, or 1 if one is not a row of threads. `found`: lanes, sizes, first threads. */
export function lanesIn(found: Uint32Array, lanes: number): number {
  const threads = found.length / 3;
  for (let thread = 0; thread < threads; thread++) {
    const size = found[threads + thread];
    if (found[thread] !== thread % size || found[2 * threads + thread] !== thread - (thread % size)) return 1;
    lanes = Math.min(lanes, size);
  }
  return lanes;
}

/** WGSL: every thread's `names` become those joined over its row of `lanes` threads. `step` joins with what `other` reads. */
export function joinLanes(lanes: number, step: (other: (name: string) => string) => string): string {
  let code = "";
  for (let distance = 1; distance < lanes; distance *= 2)
    code += step((name) => `subgroupShuffleXor(${name}, ${distance}u)`);
  return code;
}

/**
 * WGSL: `name` of the 16 threads of a row becomes `join` of them all, in each of them. `store` is workgroup memory, a number for
 * each thread; without subgroups of 16 it is used, between barriers.
 */
export function joinRow(lanes: number, name: string, join: (a: string, b: string) => string, store: string): string {
  const own = Math.min(lanes, 16);
  const parts = 16 / own;
  const within = joinLanes(own, (other) => `${name} = ${join(name, other(name))};\n`);
  if (parts === 1) return within;
  return `${within}
    workgroupBarrier();
    if (lid % ${own}u == 0u) { ${store}[lid / ${own}u] = ${name}; }
    workgroupBarrier();
    ${name} = ${store}[tr * ${parts}u];
    for (var t = 1u; t < ${parts}u; t++) { ${name} = ${join(name, `${store}[tr * ${parts}u + t]`)}; }`;
}
