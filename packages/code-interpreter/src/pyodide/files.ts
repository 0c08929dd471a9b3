/**
 * The files that a program sees: Emscripten's file system in memory, put back after each program to what it was.
 *
 * @module
 */

/** A node of Emscripten's file system. */
interface Node {
  name_next?: Node;
  parent: Node;
  mode: number;
  contents?: unknown;
  stream_ops?: { write?: unknown };
}

/** What is used of Emscripten's `FS`. */
export interface FileSystem {
  nameTable: (Node | undefined)[];
  streams: (object | null | undefined)[];
  currentPath: string;
  root: Node;
  filesystems: { MEMFS: Memfs };
  ErrnoError: new (errno: number) => Error;
  chdir(path: string): void;
  isFile(mode: number): boolean;
  isDir(mode: number): boolean;
  mkdirTree(path: string): void;
  writeFile(path: string, data: Uint8Array): void;
  createDevice(
    parent: string,
    name: string,
    input: (() => number | null) | null,
    output: ((byte: number) => void) | null,
  ): unknown;
}

interface Memfs {
  createNode(...values: unknown[]): unknown;
  expandFileStorage(node: { contents?: ArrayLike<number> }, capacity: number): unknown;
  resizeFileStorage(node: { contents?: ArrayLike<number> }, size: number): unknown;
}

/** What a program's files may take. */
export interface FileLimits {
  readonly bytes: number;
  readonly nodes: number;
}

const ENOSPC = 51;
const EROFS = 69;

/**
 * Remembers the files of now, makes them unwritable, and bounds what is written from now on.
 *
 * @returns A function that puts everything back: names, contents, modes, open files, the working directory.
 */
export function guardFiles(fs: FileSystem, limits: FileLimits): () => void {
  const used = boundStorage(fs, limits);
  const nodes = new Set<Node>([fs.root]);
  for (const first of fs.nameTable) for (let node = first; node; node = node.name_next) nodes.add(node);
  for (const node of nodes)
    if (fs.isFile(node.mode) && node.stream_ops)
      node.stream_ops = {
        ...node.stream_ops,
        write: () => {
          throw new fs.ErrnoError(EROFS);
        },
      };
  const saved = [...nodes].map((node) => ({
    node,
    fields: { ...node },
    entries: fs.isDir(node.mode) && node.contents ? { ...node.contents } : undefined,
  }));
  const table = [...fs.nameTable];
  const streams = fs.streams.map((stream) => ({ stream, fields: stream && { ...stream } }));
  const path = fs.currentPath;

  return () => {
    for (const { node, fields, entries } of saved) {
      Object.assign(node, fields);
      if (entries) node.contents = { ...entries };
    }
    for (let i = 0; i < table.length; i++) fs.nameTable[i] = table[i];
    fs.streams.length = streams.length;
    streams.forEach(({ stream, fields }, i) => {
      fs.streams[i] = stream && fields ? Object.assign(stream, fields) : stream;
    });
    fs.currentPath = path;
    used.bytes = 0;
    used.nodes = 0;
  };
}

/** Counts what is asked for; what is given back while a program runs is not taken off. */
function boundStorage(fs: FileSystem, limits: FileLimits): { bytes: number; nodes: number } {
  const used = { bytes: 0, nodes: 0 };
  const { MEMFS } = fs.filesystems;
  const full = (): never => {
    throw new fs.ErrnoError(ENOSPC);
  };
  for (const name of ["expandFileStorage", "resizeFileStorage"] as const) {
    const original = MEMFS[name].bind(MEMFS);
    MEMFS[name] = (node, size) => {
      const more = size - (node.contents?.length ?? 0);
      // Emscripten grows by up to a factor of two.
      if (more > 0 && used.bytes + 2 * more > limits.bytes) full();
      const result = original(node, size);
      if (more > 0) used.bytes += more;
      return result;
    };
  }
  const create = MEMFS.createNode.bind(MEMFS);
  MEMFS.createNode = (...values) => {
    if (++used.nodes > limits.nodes) full();
    return create(...values);
  };
  return used;
}
