/** Strings that find faults in tokenizers, from a seed. */

/** Texts of which strings are put together: of every class, and where libraries are known to differ. */
const parts: readonly string[] = [
  ..." \t\n\r\v\f\x85\xa0\u2003\u3000\u2028\ufeff\u200b",
  ..." \n  \n",
  ..."aZbéÉßſKkııİǅʰªºəΩωжЖאبहनกあカ漢字龥龦々ー゛・가힣각𐐀𐐨𝒜",
  ..."0179²½Ⅷ٣९㊉𝟘",
  ...`.,;:!?'"()[]{}<>|/\\@#$%^&*_-+=~\`…—“”«»¿€°±∑→★`,
  "\u0301",
  "\u0323",
  "\u0345",
  "\u09be",
  "\u20dd",
  "\ufe0f",
  "\u200d",
  "\u200c",
  "\u202e",
  "\0",
  "\x7f",
  "\u{e0041}",
  "\ue000",
  "\u0378",
  "\u{a7ce}",
  "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}",
  "\u{1f3fd}",
  "\u{1f1e9}\u{1f1ea}",
  "\u{10ffff}",
  "\ud800",
  "\udfff",
  "'s",
  "'S",
  "'ſ",
  "'t",
  "'RE",
  "'ve",
  "'LL",
  "'d",
  "'m",
  "  ",
  "   ",
  "\r\n",
  "\n\n",
  "http://",
  "don't",
  "The",
  " the",
  " camelCase",
  "XMLHttp",
  "1234567",
  " 12",
  "3.14",
  "</s>",
  "<|end|>",
  "你好",
  "мир",
  "日本語の",
  "e\u0301",
  "q\u0323\u0307",
  "\u1100\u1161\u11a8",
];

/** A generator of numbers from 0 to `limit` − 1 (mulberry32). */
export function randomNumbers(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let h = Math.imul(state ^ (state >>> 15), state | 1);
    h ^= h + Math.imul(h ^ (h >>> 7), h | 61);
    return Math.floor((((h ^ (h >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

/** Strings of up to 20 parts, one in ten of them any code point; `more` are parts besides. */
export function fuzzStrings(count: number, seed: number, more: readonly string[] = []): string[] {
  const below = randomNumbers(seed);
  return Array.from({ length: count }, () => {
    // A few parts often, so that runs of the same come about.
    const pool = below(2) ? parts : Array.from({ length: 4 }, () => parts[below(parts.length)]);
    let text = "";
    for (let n = below(20) + 1; n > 0; n--) {
      if (more.length && below(4) === 0) text += more[below(more.length)];
      else if (below(10) === 0) text += String.fromCodePoint(below(below(2) ? 0x3000 : 0x110000));
      else text += pool[below(pool.length)];
    }
    return text;
  });
}
