import {
  classifierTrainer,
  decontaminator,
  extractText,
  formatWarc,
  mixture,
  nearDuplicateIndex,
  normalizeUrl,
  pageOf,
  qualityCollector,
  readClassifier,
  readWarc,
  wordReader,
} from "@gradus/math-corpus";

const html = "<title>T</title><h1>Sums</h1><p>Let <i>x</i> &lt; 2, 求解 é.<script>if (a < b)</script><nav>menu</nav>";
const texts = [
  "the derivative of sin x is cos x",
  "solve x + 2 = 5 for x",
  "the weather in spring",
  "how to bake bread",
];

/** Training calls Math.exp, whose last bit is each engine's own. */
export const tolerance = 1e-6;

export default {
  "pages of a WARC file": async () => {
    const records = [];
    for await (const record of readWarc([formatWarc({ url: "http://a.org/", html })])) records.push(pageOf(record));
    return { records, text: extractText(html), url: normalizeUrl("HTTP://www.a.org:80/index.html?utm_source=x#y") };
  },
  words: () => {
    const { words, tokens, starts } = wordReader()("Für x₁: 求解 f(x) = 𝒙");
    return { words: [...words], tokens: [...tokens], starts: [...starts] };
  },
  classifier: () => {
    const trainer = classifierTrainer({ minCount: 1, epochs: 5, buckets: 1000, dimension: 32 });
    for (const [i, text] of texts.entries()) trainer.add(text, i < 2);
    const classifier = readClassifier(trainer.train().serialize());
    return texts.map((text) => classifier.score(text));
  },
  "duplicates and benchmarks": () => {
    const index = nearDuplicateIndex();
    const found = decontaminator(["solve x + 2 = 5 for x and all that follows from it"]);
    return {
      kept: [...texts, ...texts].map((text) => index.add(text)),
      found: found.find("Now solve x + 2 = 5: for x, and all that follows … from it."),
    };
  },
  "mixture and report": () => {
    const sources = { math: 100, code: 50 };
    const draw = mixture({ sources, stages: [{ tokens: 500, weights: { math: 3, code: 1 } }], seed: 7 });
    const documents = Array.from({ length: 30 }, () => draw.next(({ index }) => 1 + (index % 20)));
    const quality = qualityCollector();
    for (const text of texts) quality.add({ text, domain: "a.org", score: 0.5 });
    return { documents, state: draw.state, report: quality.report() };
  },
};
