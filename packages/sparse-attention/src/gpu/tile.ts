// Building blocks of the WGSL kernels: matrix products of tiles in registers.
//
// A workgroup owns a tile of `rows` rows and walks over tiles of 64 columns. Its 4·rows threads stand in rows/4 × 16: the
// thread at (tr, tc) owns rows 4tr … 4tr + 3 and, of a score tile, columns 4tc … 4tc + 3, so 16 scores in four vec4. Both
// operands pass through workgroup memory in slices of 16 numbers; a row of a slice has 5 vec4 in place of 4, and columns
// are stored in the order (c mod 4)·16 + c/4, so that neighbouring threads read different banks. Per slice a thread reads
// 32 vec4 for 256 multiply-adds, half of the reads being the same for 16 threads.
//
// Short loops over registers are written out (`unroller`), as an array that is indexed by a variable may leave registers and
// Deno's compiler puts a bound on every loop. A device that is software compiles the loops themselves, many times faster.

/** Writes a loop over 0 … count − 1, whose body gets the number as WGSL. */
export type Each = (count: number, body: (i: string) => string) => string;

/** Writes loops out, or as loops whose variables have names of their own. */
export function unroller(unroll: boolean): Each {
  let names = 0;
  return (count, body) => {
    if (unroll) return Array.from({ length: count }, (_, i) => body(`${i}u`)).join("\n");
    const name = `i${names++}`;
    return `for (var ${name} = 0u; ${name} < ${count}u; ${name}++) { ${body(name)} }`;
  };
}

/** Columns of a tile. */
export const columns = 64;

/** `4 · rows` invocations. */
export const threads = (rows: number): number => 4 * rows;

const stageSize = (rows: number) => (rows + columns) * 5;

/** Bytes of workgroup memory that a kernel with this many rows uses. */
export const workgroupBytes = (rows: number): number => 16 * (stageSize(rows) + rows * 16);

/** Declarations that the products below use. `tile` holds a score tile: row r, columns 4c … 4c + 3 at [r · 16 + c]. */
export const declarations = (rows: number): string => `
const NONE = 0xffffffffu;
var<workgroup> stage: array<vec4<f32>, ${stageSize(rows)}>;
var<workgroup> tile: array<vec4<f32>, ${rows * 16}>;`;

/** The start of `main`: its place among the threads, and `unit`, the number of its workgroup. */
export const entry = (size: number): string => `
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
  let unit = group.x + group.y * groups.x;
  if (unit >= params.workgroups) { return; }
  let tr = lid / 16u;
  let tc = lid % 16u;`;

/** What loads one vec4: WGSL that assigns `value`, given the row or column and the place in it, in vec4. */
export type Load = (row: string, place: string) => string;

/** `name`[i] for each row of the thread, a vec4 over its four columns: += A · Bᵀ, both `depth` vec4 deep. */
export function rowsTimesColumns(each: Each, rows: number, name: string, depth: number, a: Load, b: Load): string {
  return `
  for (var slice = 0u; slice < ${Math.ceil(depth / 4)}u; slice++) {
    workgroupBarrier();
    for (var i = lid; i < ${(rows + columns) * 4}u; i += ${threads(rows)}u) {
      let line = i / 4u;
      let place = slice * 4u + i % 4u;
      var value = vec4<f32>();
      var slot = line;
      if (line < ${rows}u) {
        ${guard(depth, a("line", "place"))}
      } else {
        let column = line - ${rows}u;
        slot = ${rows}u + (column % 4u) * 16u + column / 4u;
        ${guard(depth, b("column", "place"))}
      }
      stage[slot * 5u + i % 4u] = value;
    }
    workgroupBarrier();
    ${each(
      4,
      (d) => `{
      var k: array<vec4<f32>, 4>;
      ${each(4, (j) => `k[${j}] = stage[(${rows}u + ${j} * 16u + tc) * 5u + ${d}];`)}
      ${each(
        4,
        (i) => `{
        let q = stage[(tr * 4u + ${i}) * 5u + ${d}];
        ${name}[${i}] += vec4<f32>(dot(q, k[0]), dot(q, k[1]), dot(q, k[2]), dot(q, k[3]));
      }`,
      )}
    }`,
    )}
  }`;
}

const guard = (depth: number, load: string) => (depth % 4 ? `if (place < ${depth}u) { ${load} }` : load);

/** How many vec4 of a row of `width` vec4 a thread owns: those at tc, tc + 16 … */
export const owned = (width: number): number => Math.ceil(width / 16);

/** Declares the sums of `tileTimesColumns`: `name`[i · owned + m] for row i and owned vec4 m. */
export const declareSums = (name: string, width: number): string =>
  `var ${name}: array<vec4<f32>, ${4 * owned(width)}>;`;

/** `name` += `tile` · B, where B has a row of `width` vec4 for each of the 64 columns of the tile. */
export function tileTimesColumns(each: Each, rows: number, name: string, width: number, b: Load): string {
  const count = [64, 32, 16, 8, 4].find((n) => n * width <= stageSize(rows));
  if (!count) throw new RangeError(`Cannot make a kernel for ${4 * width} numbers in a head: expected at most 320`);
  return `
  for (var part = 0u; part < ${64 / count}u; part++) {
    workgroupBarrier();
    for (var i = lid; i < ${count * width}u; i += ${threads(rows)}u) {
      let column = part * ${count}u + i / ${width}u;
      let place = i % ${width}u;
      var value = vec4<f32>();
      ${b("column", "place")}
      stage[i] = value;
    }
    workgroupBarrier();
    for (var quad = 0u; quad < ${count / 4}u; quad++) {
      var p: array<vec4<f32>, 4>;
      ${each(4, (i) => `p[${i}] = tile[(tr * 4u + ${i}) * 16u + part * ${count / 4}u + quad];`)}
      ${each(
        owned(width),
        (m) => `{
        var v: array<vec4<f32>, 4>;
        ${each(4, (c) => `v[${c}] = stage[(quad * 4u + ${c}) * ${width}u + tc + 16u * ${m}];`)}
        ${each(4, (i) => `${name}[${i} * ${owned(width)}u + ${m}] += p[${i}].x * v[0] + p[${i}].y * v[1] + p[${i}].z * v[2] + p[${i}].w * v[3];`)}
      }`,
      )}
    }
  }`;
}

/** For each row i and owned vec4 m of a row of `width`: WGSL that uses the sum, given the row, the place and the sum. */
export const forSums = (
  each: Each,
  name: string,
  width: number,
  use: (i: string, place: string, value: string) => string,
): string =>
  each(4, (i) =>
    each(
      owned(width),
      (m) =>
        `if (tc + 16u * ${m} < ${width}u) { ${use(i, `(tc + 16u * ${m})`, `${name}[${i} * ${owned(width)}u + ${m}]`)} }`,
    ),
  );
