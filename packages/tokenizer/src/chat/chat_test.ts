import assert from "node:assert/strict";
import { test } from "node:test";
import { trainBpe } from "../train/train_bpe.ts";
import { applyChatTemplate, renderChat } from "./mod.ts";

const template =
  "{{ bos_token }}{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] | trim }}<|im_end|>\n{% endfor %}" +
  "{% if tools %}{{ tools | length }} tools{% endif %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}" +
  "{% if messages[0].role == 'nobody' %}{{ raise_exception('Nobody may not speak') }}{% endif %}";
const messages = [
  { role: "system", content: " Be brief. " },
  { role: "user", content: "2 + 2?" },
];

test("a conversation becomes the text that Jinja's rules give", () => {
  assert.equal(
    renderChat(messages, { template, addGenerationPrompt: true, variables: { bos_token: "<s>" } }),
    "<s><|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n2 + 2?<|im_end|>\n<|im_start|>assistant\n",
  );
  assert.equal(
    renderChat([], { template: "{% if tools %}{{ tools | length }} tools{% endif %}", tools: [{}, {}] }),
    "2 tools",
  );
});

test("ids have the special tokens of the template, and nothing that a post-processor would add", async () => {
  const tokenizer = await trainBpe(["system user"], { vocabSize: 262, specialTokens: ["<|im_start|>", "<|im_end|>"] });
  const ids = applyChatTemplate(messages, { tokenizer, template });
  assert.equal(tokenizer.decode(ids), renderChat(messages, { template }));
  assert.deepEqual(
    [...ids].filter((id) => id < 2),
    [0, 1, 0, 1],
  );
});

test("a template that cannot be read, or refuses, is an error that says why", () => {
  assert.throws(() => renderChat([], { template: "{% for %}" }), /^RangeError: Cannot apply the chat template: /);
  assert.throws(
    () => renderChat([{ role: "nobody", content: "" }], { template }),
    /^RangeError: Cannot apply the chat template: .*Nobody may not speak/,
  );
});
