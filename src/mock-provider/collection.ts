/** What tells the journal that an object is there in this form now, or is gone. */
export type Changed<T> = (id: string, object: T | null) => void;

/** The objects of one kind in the order they were made, with the look-ups that lists need. */
export class Collection<T extends { id: string }> {
  readonly #objects = new Map<string, T>();
  readonly #order: string[] = [];
  readonly #position = new Map<string, number>();
  readonly #indexes = new Map<string, { keyOf: (object: T) => string | null; ids: Map<string, string[]> }>();
  readonly #changed: Changed<T>;

  constructor(changed: Changed<T>, indexes: Record<string, (object: T) => string | null> = {}) {
    this.#changed = changed;
    for (const [name, keyOf] of Object.entries(indexes)) this.#indexes.set(name, { keyOf, ids: new Map() });
  }

  get size(): number {
    return this.#objects.size;
  }

  get(id: string | null | undefined): T | undefined {
    return id ? this.#objects.get(id) : undefined;
  }

  /** Adds the object, or writes its new form. Objects may be changed in place before this. */
  put(object: T): T {
    this.restore(object);
    this.#changed(object.id, object);
    return object;
  }

  delete(id: string): void {
    if (this.#objects.delete(id)) this.#changed(id, null);
  }

  /** As `put`, without telling the journal, which it comes from. */
  restore(object: T): void {
    if (!this.#position.has(object.id)) {
      this.#position.set(object.id, this.#order.length);
      this.#order.push(object.id);
      for (const { keyOf, ids } of this.#indexes.values()) {
        const key = keyOf(object);
        if (key === null) continue;
        const known = ids.get(key);
        if (known) known.push(object.id);
        else ids.set(key, [object.id]);
      }
    }
    this.#objects.set(object.id, object);
  }

  forget(id: string): void {
    this.#objects.delete(id);
  }

  /** The objects whose index `name` has this key, oldest first. */
  by(name: string, key: string): T[] {
    const ids = this.#indexes.get(name)?.ids.get(key) ?? [];
    return ids.flatMap((id) => this.#objects.get(id) ?? []);
  }

  /** Newest first, beginning after the object `after`; nothing is copied. */
  *newest(after?: string): Generator<T> {
    const start = after === undefined ? this.#order.length : (this.#position.get(after) ?? 0);
    for (let at = start - 1; at >= 0; at -= 1) {
      const object = this.get(this.#order[at]);
      if (object) yield object;
    }
  }

  /** Oldest first, beginning after the object `after`. */
  *oldest(after?: string): Generator<T> {
    const start = after === undefined ? 0 : (this.#position.get(after) ?? this.#order.length) + 1;
    for (let at = start; at < this.#order.length; at += 1) {
      const object = this.get(this.#order[at]);
      if (object) yield object;
    }
  }
}
