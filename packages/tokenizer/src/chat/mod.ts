/**
 * Chat templates: a conversation as the text that a model was trained on. In an entry of its own,
 * `@gradus/tokenizer/chat`, because it needs an interpreter of Jinja.
 *
 * @module
 */
import { Template } from "@huggingface/jinja";
import { check } from "../check.ts";

/** A turn of a conversation. Templates may know further fields, `tool_calls` say. */
export interface ChatMessage {
  /** Who speaks: `system`, `user`, `assistant`, `tool`. */
  role: string;
  content?: unknown;
  [field: string]: unknown;
}

/** What a chat needs of a tokenizer; `Tokenizer` has it. */
export interface ChatTokenizer {
  encode(text: string, options: { addSpecialTokens: boolean; parseSpecials: boolean }): Int32Array;
}

/** Options of `renderChat`. */
export interface RenderOptions {
  /** The template in Jinja, `chat_template` of a model's `tokenizer_config.json`. */
  template: string;
  /** Whether the text ends where the assistant's next turn begins. Default false. */
  addGenerationPrompt?: boolean;
  /** Descriptions of tools as JSON Schema, if the template knows any. */
  tools?: readonly unknown[];
  /** Whatever else the template asks for: `bos_token`, `eos_token`, `enable_thinking` … */
  variables?: Record<string, unknown>;
}

/** Options of `applyChatTemplate`. */
export interface ChatOptions extends RenderOptions {
  /** Makes ids of the text. */
  tokenizer: ChatTokenizer;
}

const TASK = "apply the chat template";
const parsed = new Map<string, Template>();

/**
 * A conversation as text.
 *
 * @throws {TypeError} If an argument is missing or of the wrong kind.
 * @throws {RangeError} If the template cannot be read, or refuses the conversation.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * const template = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{{ eos_token }}{% endfor %}";
 * const variables = { eos_token: "<|end|>" };
 * equal(renderChat([{ role: "user", content: "1 + 1?" }], { template, variables }), "<|user|>1 + 1?<|end|>");
 * ```
 */
export function renderChat(messages: readonly ChatMessage[], options: RenderOptions): string {
  check(TASK, "messages", messages, "an array");
  check(TASK, "options.template", options?.template, "a string");
  const { template, addGenerationPrompt = false, tools, variables = {} } = options;
  try {
    let compiled = parsed.get(template);
    if (!compiled) {
      compiled = new Template(template);
      parsed.clear();
      parsed.set(template, compiled);
    }
    return compiled.render({
      ...variables,
      messages,
      add_generation_prompt: addGenerationPrompt,
      ...(tools ? { tools } : {}),
    });
  } catch (error) {
    throw new RangeError(`Cannot ${TASK}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * A conversation as ids. The special tokens that the template writes become their ids; so do those that stand in a
 * message, as everywhere: check what strangers write before it gets here.
 *
 * @throws {TypeError} If an argument is missing or of the wrong kind.
 * @throws {RangeError} If the template cannot be read, or refuses the conversation.
 *
 * @example
 * ```ts
 * import { trainBpe } from "@gradus/tokenizer";
 * import { deepEqual } from "node:assert/strict";
 *
 * const tokenizer = await trainBpe(["1 + 1?"], { vocabSize: 258, specialTokens: ["<|user|>", "<|bot|>"] });
 * const template = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<|bot|>{% endif %}";
 * const ids = applyChatTemplate([{ role: "user", content: "1" }], { tokenizer, template, addGenerationPrompt: true });
 * deepEqual([...ids], [0, tokenizer.tokenToId("1"), 1]);
 * ```
 */
export function applyChatTemplate(messages: readonly ChatMessage[], options: ChatOptions): Int32Array {
  return options.tokenizer.encode(renderChat(messages, options), { addSpecialTokens: false, parseSpecials: true });
}
