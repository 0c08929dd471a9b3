/** Parquet files, through `hyparquet` and `hyparquet-writer`, which have to be installed beside this package. */
export * from "./packed.ts";
export * from "./rows.ts";
export type { ByteSink, Compression } from "./writer.ts";
