import { permutation, stream } from "@gradus/seeds";

export default {
  "draws of every kind": () => {
    const random = stream("browsers", { purpose: "draws", step: 3, prompt: 17, sample: 2 });
    return {
      words: Array.from({ length: 20 }, () => random.uint32()),
      uniforms: Array.from({ length: 200 }, () => random.uniform()),
      normals: random.fillNormal(new Float64Array(1000), 1, 2),
      integers: Array.from({ length: 50 }, () => random.integer(-5, 1_000_000_007)),
      categories: Array.from({ length: 50 }, () => random.categorical([0.1, -2, 1.5, 0])),
      shuffled: random.shuffle(Array.from({ length: 30 }, (_, i) => i)),
      position: random.position,
    };
  },
  "large roots": () => [2 ** 53 - 1, 2n ** 64n - 1n, "π"].map((root) => stream(root, { purpose: "root" }).uint32()),
  permutations: () => {
    const order = permutation(1_000_000_000_000, 42, { purpose: "shuffle" });
    const places = Array.from({ length: 100 }, (_, i) => order.at(i * 7919));
    return {
      places,
      back: places.map((place) => order.indexOf(place)),
      small: [...permutation(50, 42, { purpose: "s" })],
    };
  },
};
