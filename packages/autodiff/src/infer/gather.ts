/** Shape inference of operators that pick or place elements by index. */
import { normalizeAxis } from "./broadcast.ts";
import { type InferenceRule, integer, need, needNumbers } from "./rule.ts";

const likeFirst: InferenceRule = (site) => [{ dtype: need(site, 0).dtype, shape: need(site, 0).shape }];

/** Rules by operator. */
export const gather: Record<string, InferenceRule> = {
  Gather: (site) => {
    const [data, indices] = [need(site, 0), need(site, 1)];
    const axis = normalizeAxis(integer(site, "axis", 0), data.shape.length);
    const at = indices.value?.map(Number);
    const value = data.value && at && data.shape.length === 1 ? at.map((index) => data.value!.at(index)!) : undefined;
    return [
      {
        dtype: data.dtype,
        shape: [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)],
        value,
      },
    ];
  },
  GatherElements: (site) => [{ dtype: need(site, 0).dtype, shape: need(site, 1).shape }],
  GatherND: (site) => {
    const [data, indices] = [need(site, 0), need(site, 1)];
    const batch = integer(site, "batch_dims", 0);
    const depth = indices.shape.at(-1);
    if (typeof depth !== "number")
      throw new TypeError("Cannot apply GatherND: the last size of the indices must be a number");
    return [{ dtype: data.dtype, shape: [...indices.shape.slice(0, -1), ...data.shape.slice(batch + depth)] }];
  },
  ScatterElements: likeFirst,
  ScatterND: likeFirst,
  Trilu: likeFirst,
  OneHot: (site) => {
    const [indices, values] = [need(site, 0), need(site, 2)];
    const [depth] = needNumbers(site, 1);
    const axis = normalizeAxis(integer(site, "axis", -1), indices.shape.length + 1);
    return [{ dtype: values.dtype, shape: [...indices.shape.slice(0, axis), depth, ...indices.shape.slice(axis)] }];
  },
};
