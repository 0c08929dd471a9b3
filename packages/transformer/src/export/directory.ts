/**
 * The directory that transformers.js loads a model from: `onnx/model.onnx`, and configuration and tokenizer as JSON.
 *
 * @module
 */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TransformerConfig, toHuggingFace } from "../files/config.ts";
import { flush, replaceDirectory } from "../files/directory_swap.ts";
import { errorCode, fileError } from "../files/file_errors.ts";

/** What belongs to a model besides its weights. */
export interface ExportOptions {
  /** Writes `tokenizer.json` and `tokenizer_config.json`; a `ByteTokenizer`, say. */
  tokenizer?: { toJSON(): unknown; toConfigJSON(options: { maxPositions: number }): unknown };
}

/** Writes an export. What was in the directory is replaced as a whole, and only if it was an export. */
export async function writeExport(
  directory: string,
  config: TransformerConfig,
  model: Uint8Array,
  { tokenizer }: ExportOptions = {},
): Promise<void> {
  const cannot = `Cannot export to ${directory}`;
  const json = toHuggingFace(config);
  const generation = ["bos_token_id", "eos_token_id", "pad_token_id"].filter((field) => json[field] !== null);
  const files: Record<string, unknown> = {
    "config.json": { ...json, torch_dtype: "float32" },
    "generation_config.json": Object.fromEntries(generation.map((field) => [field, json[field]])),
  };
  if (tokenizer) {
    files["tokenizer.json"] = tokenizer.toJSON();
    files["tokenizer_config.json"] = tokenizer.toConfigJSON({ maxPositions: config.maxPositions });
  }
  try {
    await refuseToReplaceOtherThings(directory, cannot);
    await replaceDirectory(directory, async (temporary) => {
      await mkdir(join(temporary, "onnx"), { recursive: true });
      const contents: [string, string | Uint8Array][] = [["onnx/model.onnx", model]];
      for (const [name, content] of Object.entries(files))
        contents.push([name, `${JSON.stringify(content, null, 2)}\n`]);
      for (const [name, content] of contents) {
        await writeFile(join(temporary, name), content);
        await flush(join(temporary, name));
      }
    });
  } catch (error) {
    if (errorCode(error) === "") throw error;
    throw fileError(cannot, error);
  }
}

async function refuseToReplaceOtherThings(directory: string, cannot: string): Promise<void> {
  const names = await readdir(directory).catch((error): string[] => {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  });
  const known = /^(onnx|config\.json|generation_config\.json|tokenizer\.json|tokenizer_config\.json)$/;
  const other = names.find((name) => !known.test(name));
  if (other === undefined) return;
  throw new Error(`${cannot}: it holds other files (${other}), and exporting replaces the whole directory`);
}
