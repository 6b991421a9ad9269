/** Reading waits for the disk while reducing works: a few things are loaded ahead of the one in hand. */

const AHEAD = 4;

/** Load items and give them in order; what is ahead when the taker stops, or a load fails, is let go. */
export async function* ahead<Item, Value>(
  items: readonly Item[],
  load: (item: Item) => Promise<Value>,
): AsyncGenerator<Value> {
  const loading: Promise<Value>[] = [];
  for (const item of items) {
    const value = load(item);
    // Its failure is told when its turn comes; until then nobody waits for it.
    value.catch(() => undefined);
    loading.push(value);
    if (loading.length > AHEAD) yield await loading.shift()!;
  }
  for (const value of loading) yield await value;
}
