/**
 * Answers with programs: one that prints the answer, or several between words.
 *
 * @module
 */

import { lastProgram, truncateOutput } from "@gradus/code-interpreter/text";
import { cutAt, type Prompt, type Sampler } from "./sampler.ts";

/** Runs a Python program, as `@gradus/code-interpreter` does; resolves for programs that fail, too. */
export type Execute = (
  program: string,
  options: { signal?: AbortSignal },
) => Promise<{ readonly output: string; readonly error?: string }>;

/** How {@link withTools} goes on after a program. */
export interface ToolOptions {
  /** Programs that are run for one answer. Default 2. */
  readonly rounds?: number;
  /** Characters kept of each end of a longer output. Default 50. */
  readonly outputEnds?: number;
}

const OUTPUT = "```output";

/**
 * A sampler whose answers may run programs: where one stops for ```` ```output ````, its last program is run, the output
 * (or the error's last line) is appended as a block, and the model goes on. A chat goes on in its own turn, which servers
 * know as a prefilled assistant message.
 *
 * Source: the evaluation that DeepSeekMath (arXiv 2402.03300) published: at most two programs, 50 + 50 characters.
 */
export function withTools(sample: Sampler, execute: Execute, options: ToolOptions = {}): Sampler {
  const { rounds = 2, outputEnds = 50 } = options;
  return async (prompts, settings) => {
    const { samples, stop, seeds, signal } = settings;
    const answers = prompts.map(() => new Array<string>(samples).fill(""));
    let open = answers.flatMap((texts, prompt) => texts.map((_, sample) => ({ prompt, sample })));
    for (let round = 0; open.length > 0; round++) {
      // The first round is one request for all answers of a prompt; later each goes on by itself.
      const texts = await (round === 0
        ? sample(prompts, { ...settings, stop: [...stop, OUTPUT] })
        : sample(
            open.map(({ prompt, sample }) => continued(prompts[prompt], answers[prompt][sample])),
            {
              ...settings,
              samples: 1,
              stop: [...stop, OUTPUT],
              seeds: open.map(({ prompt, sample }) => (seeds[prompt] + 7919 * round + sample) % 2 ** 31),
            },
          ));
      const flat = round === 0 ? texts.flat() : texts.map(([text]) => text);
      const goOn = await Promise.all(
        open.map(async ({ prompt, sample }, i) => {
          const text = cutAt(flat[i], [...stop, OUTPUT]);
          answers[prompt][sample] += text;
          // A program at the very end is one that waits for its output; with words after it the answer is complete.
          const program = /```\s*$/.test(text) || !closed(text) ? lastProgram(text) : null;
          if (program === null || round >= rounds) return false;
          const { output, error } = await execute(program, { signal });
          const shown = truncateOutput((output + (error ?? "")).trim(), outputEnds);
          answers[prompt][sample] += `${closed(text) ? "" : "\n```"}\n${OUTPUT}\n${shown}\n\`\`\`\n`;
          return true;
        }),
      );
      open = open.filter((_, i) => goOn[i]);
    }
    return answers;
  };
}

/** Whether every block of the text has its end. */
function closed(text: string): boolean {
  return (text.match(/```/g)?.length ?? 0) % 2 === 0;
}

function continued(prompt: Prompt, answer: string): Prompt {
  return typeof prompt === "string" ? prompt + answer : [...prompt, { role: "assistant", content: answer }];
}
