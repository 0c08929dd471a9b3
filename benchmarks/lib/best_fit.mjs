// Best-fit decreasing in plain JavaScript, the two ways in which it is usually written.

/** Sequence numbers, longest first. */
const longestFirst = (lengths) => Array.from(lengths.keys()).sort((a, b) => lengths[b] - lengths[a] || a - b);

/** For each sequence, looks at every open context. */
export function linearSearch(lengths, capacity) {
  const contexts = [];
  for (const i of longestFirst(lengths)) {
    let best;
    for (const context of contexts)
      if (context.space >= lengths[i] && (!best || context.space < best.space)) best = context;
    if (!best) {
      best = { space: capacity, sequences: [] };
      contexts.push(best);
    }
    best.sequences.push(i);
    best.space -= lengths[i];
  }
  return { contexts: contexts.length };
}

/** As TRL does: a segment tree over the amounts of free space, whose leaves have queues of contexts. */
export function segmentTree(lengths, capacity) {
  const leaves = 2 ** Math.ceil(Math.log2(capacity + 1));
  // tree[n]: the largest space below node n that some context has; 0 for none.
  const tree = new Array(2 * leaves).fill(0);
  const set = (space, present) => {
    let node = leaves + space;
    tree[node] = present ? space : 0;
    for (node >>= 1; node >= 1; node >>= 1) tree[node] = Math.max(tree[2 * node], tree[2 * node + 1]);
  };
  /** The smallest present space of at least `least`; 0 for none. */
  const search = (least) => {
    const path = (at, low, high) => {
      if (high < least || tree[at] < least) return 0;
      if (low === high) return tree[at];
      const middle = (low + high) >> 1;
      return path(2 * at, low, middle) || path(2 * at + 1, middle + 1, high);
    };
    return path(1, 0, leaves - 1);
  };
  const queues = Array.from({ length: capacity + 1 }, () => []);
  const heads = new Array(capacity + 1).fill(0);
  const contexts = [];
  for (const i of longestFirst(lengths)) {
    const found = search(lengths[i]);
    let context;
    if (found) {
      context = queues[found][heads[found]++];
      if (heads[found] === queues[found].length) {
        queues[found] = [];
        heads[found] = 0;
        set(found, false);
      }
    } else {
      context = { space: capacity, sequences: [] };
      contexts.push(context);
    }
    context.sequences.push(i);
    context.space -= lengths[i];
    if (context.space > 0) {
      if (queues[context.space].length === 0) set(context.space, true);
      queues[context.space].push(context);
    }
  }
  return { contexts: contexts.length };
}
