/**
 * Cuts a normalised answer into tokens: numbers, symbols, commands (`\frac`) and signs. LaTeX and plain ASCII
 * (`2*sqrt(3)`) share one alphabet: a run of letters that is a known word becomes its command, any other run one symbol
 * for each letter, but for runs of capitals, which are names (`ABCD`, `HTH`).
 *
 * @module
 */
import { type Deadline, Unreadable } from "../deadline.ts";

/** A piece of an expression. `spaced` says that white space stands before it. */
export interface Token {
  readonly type: "number" | "symbol" | "command" | "sign" | "text";
  readonly text: string;
  readonly spaced: boolean;
}

/** Functions of one argument; the same names with a backslash are their commands. */
export const functions: ReadonlySet<string> = new Set(
  (
    "sin cos tan cot sec csc arcsin arccos arctan arccot arcsec arccsc sinh cosh tanh coth sech csch " +
    "ln log exp lg abs floor ceil gcd lcm max min det arg Re Im sgn sign asin acos atan deg dim ker Pr"
  ).split(" "),
);

const greek =
  "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi rho sigma tau phi " +
  "varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega";

/** Commands that are symbols. */
export const symbolCommands: ReadonlySet<string> = new Set(
  `${greek} infty ell hbar imath nabla partial aleph angle triangle parallel perp cong circ`.split(" "),
);

const words = new Map<string, string>([
  ...[...functions].map((name): [string, string] => [name, `\\${name}`]),
  ...greek
    .split(" ")
    .filter((name) => name.length > 2 || name === "pi")
    .map((name): [string, string] => [name, `\\${name}`]),
  ["sqrt", "\\sqrt"],
  ["inf", "\\infty"],
  ["infinity", "\\infty"],
  ["oo", "\\infty"],
]);

/** Whether a bare word means something in an expression. */
export const isMathWord = (word: string): boolean => words.has(word);

const piece =
  /(\s*)(?:(\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+\.?\d*|\.\d+)(?:\\overline\{(\d+)\}|\\dot\{?(\d)\}?)?|\\text\{([^{}]*)\}|(\\[a-zA-Z]+|\\[^a-zA-Z\s])|([a-zA-Z]+)|(\*\*|[\s\S]))/gy;

/** @throws {Unreadable} at more than 4,000 tokens. */
export function tokenize(source: string, deadline: Deadline): Token[] {
  const tokens: Token[] = [];
  piece.lastIndex = 0;
  while (piece.lastIndex < source.length) {
    const match = piece.exec(source);
    if (!match) break; // only white space is left
    deadline.tick();
    if (tokens.length > 4000) throw new Unreadable("too long");
    const spaced = match[1] !== "";
    const [, , digits, repeating, dotted, text, command, letters, sign] = match;
    if (digits !== undefined) {
      const period = repeating ?? dotted;
      const exponent = period ? null : exponentAt(source, piece.lastIndex);
      if (exponent) piece.lastIndex += exponent.length;
      tokens.push({ type: "number", text: `${digits}${period ? `(${period})` : (exponent ?? "")}`, spaced });
    } else if (text !== undefined) tokens.push({ type: "text", text, spaced });
    else if (command !== undefined) tokens.push({ type: "command", text: command, spaced });
    else if (letters !== undefined) pushLetters(tokens, letters, spaced);
    else if (sign.trim()) tokens.push({ type: "sign", text: sign === "**" ? "^" : sign, spaced });
  }
  return tokens;
}

const scientific = /[eE][+-]?\d{1,6}(?![\d.a-zA-Z])/y;

/** The `e-7` of `1.5e-7`. */
function exponentAt(source: string, index: number): string | null {
  scientific.lastIndex = index;
  return scientific.exec(source)?.[0] ?? null;
}

/**
 * Runs of capitals name figures and words, in which the order counts: ABCD is not ABDC. Angles and segments are the same
 * from either end: ∠ABC is ∠CBA.
 */
function nameOf(letters: string, tokens: readonly Token[]): string {
  const [before, last] = tokens.slice(-2).map(({ text }) => text);
  const angle = tokens.at(-1)?.text === "\\angle" && letters.length === 3;
  const segment = before === "\\overline" && last === "{" && letters.length === 2;
  if (!angle && !segment) return letters;
  const reversed = [...letters].reverse().join("");
  return reversed < letters ? reversed : letters;
}

function pushLetters(tokens: Token[], letters: string, spaced: boolean): void {
  const whole = words.get(letters) ?? words.get(letters.toLowerCase());
  if (letters.length > 1 && whole) {
    tokens.push({ type: "command", text: whole, spaced });
    return;
  }
  if (/^[A-Z]{2,}$/.test(letters)) {
    tokens.push({ type: "symbol", text: nameOf(letters, tokens), spaced });
    return;
  }
  // A known word may end a run ("xsin" is x·sin), never stand inside of one ("cosine" is no cos).
  for (let length = Math.min(letters.length - 1, 6); length >= 2; length--) {
    const command = words.get(letters.slice(-length));
    if (command && letters.length - length <= 2) {
      pushLetters(tokens, letters.slice(0, -length), spaced);
      tokens.push({ type: "command", text: command, spaced: false });
      return;
    }
  }
  for (let i = 0; i < letters.length; i++) tokens.push({ type: "symbol", text: letters[i], spaced: spaced && i === 0 });
}
