// What a WebGPU device reaches: a matrix product in registers (the measure for kernels that compute) and a copy (for kernels
// that read). Float32; best of a few rounds, each waited for.

const products = `
@group(0) @binding(0) var<storage, read> a: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> b: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4<f32>>;
override n: u32;
var<workgroup> as_: array<vec4<f32>, 256>;
var<workgroup> bs_: array<vec4<f32>, 256>;
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
  let tr = lid / 16u;
  let tc = lid % 16u;
  var s0 = vec4<f32>(); var s1 = vec4<f32>(); var s2 = vec4<f32>(); var s3 = vec4<f32>();
  for (var k = 0u; k < n; k += 16u) {
    workgroupBarrier();
    // aᵀ and b, 16 × 64 of each: the sum is over rows of both.
    as_[lid] = a[((k + tr) * n + group.y * 64u) / 4u + tc];
    bs_[lid] = b[((k + tr) * n + group.x * 64u) / 4u + tc];
    workgroupBarrier();
    for (var i = 0u; i < 16u; i++) {
      let x = as_[i * 16u + tr];
      let y = bs_[i * 16u + tc];
      s0 += x.x * y; s1 += x.y * y; s2 += x.z * y; s3 += x.w * y;
    }
  }
  let at = ((group.y * 64u + tr * 4u) * n + group.x * 64u) / 4u + tc;
  c[at] = s0; c[at + n / 4u] = s1; c[at + n / 2u] = s2; c[at + n / 4u * 3u] = s3;
}`;

const copies = `
@group(0) @binding(0) var<storage, read> a: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> c: array<vec4<f32>>;
override n: u32;
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  for (var i = id.x; i < n; i += groups.x * 256u) { c[i] = a[i]; }
}`;

/** FLOP and bytes a second: `n` × `n` products, copies of `numbers` float32. */
export async function deviceRates(device, { n, numbers, rounds }) {
  const storage = 0x80;
  const buffer = (length) => device.createBuffer({ size: 4 * length, usage: storage });
  const time = async (code, buffers, size, workgroups) => {
    const module = device.createShaderModule({ code });
    const pipeline = await device.createComputePipelineAsync({
      layout: "auto",
      compute: { module, entryPoint: "main", constants: { n: size } },
    });
    const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
    const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
    let best = Infinity;
    for (let round = 0; round <= rounds; round++) {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...workgroups);
      pass.end();
      await device.queue.onSubmittedWorkDone();
      const start = performance.now();
      device.queue.submit([encoder.finish()]);
      await device.queue.onSubmittedWorkDone();
      if (round) best = Math.min(best, performance.now() - start);
    }
    for (const buffer of buffers) buffer.destroy();
    return best / 1000;
  };
  const square = [buffer(n * n), buffer(n * n), buffer(n * n)];
  const product = await time(products, square, n, [n / 64, n / 64]);
  const copy = await time(copies, [buffer(numbers), buffer(numbers)], numbers / 4, [1024]);
  return { flops: (2 * n ** 3) / product, bytes: (8 * numbers) / copy };
}
