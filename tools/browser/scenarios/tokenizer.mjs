import { Tokenizer, trainBpe } from "@gradus/tokenizer";
import { applyChatTemplate } from "@gradus/tokenizer/chat";
import { createTokenizerPool } from "@gradus/tokenizer/pool";

const corpus = Array.from(
  { length: 200 },
  (_, i) =>
    `Mia has ${i * 3} pens and buys ${i % 7} boxes of ${i % 11}. How many pens — ½ of them 红色 — has she now? 👍🏽\n`,
);
const specialTokens = ["<|user|>", "<|assistant|>", "<|end|>"];
const train = () => trainBpe(corpus, { vocabSize: 400, specialTokens });
const texts = [
  "Mia buys 8 pens.<|end|>",
  "",
  "naïve Ωμέγα 👩‍👩‍👧 \u0000\t\r\n  x²",
  "a lone \ud800 surrogate",
  "their'll 1234567",
];

export default {
  "training, encoding and decoding": async () => {
    const tokenizer = await train();
    const ids = texts.map((text) => tokenizer.encode(text));
    return {
      json: JSON.stringify(tokenizer),
      ids,
      decoded: ids.map((sequence) => tokenizer.decode(sequence)),
      without: ids.map((sequence) => tokenizer.decode(sequence, { skipSpecialTokens: true })),
      batch: tokenizer.encodeBatch(texts),
      counts: texts.map((text) => tokenizer.count(text)),
      offsets: texts.map((text) => tokenizer.encodeWithOffsets(text)),
    };
  },
  "loading what was written": async () => {
    const tokenizer = Tokenizer.fromJSON(JSON.stringify(await train()));
    const stream = tokenizer.decodeStream();
    const pieces = Array.from(tokenizer.encode(texts[2]), (id) => stream.push(id));
    return [...pieces, stream.end()];
  },
  "encoding on workers": async () => {
    const pool = await createTokenizerPool(await train(), { workers: 2 });
    try {
      return await pool.encodeBatch(corpus);
    } finally {
      pool.close();
    }
  },
  "chat templates": async () => {
    const template =
      "{% for m in messages %}<|{{ m.role }}|>{{ m.content | trim }}<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}";
    const messages = [
      { role: "user", content: " 2 + 2? " },
      { role: "assistant", content: "4" },
    ];
    return applyChatTemplate(messages, { tokenizer: await train(), template, addGenerationPrompt: true });
  },
};
