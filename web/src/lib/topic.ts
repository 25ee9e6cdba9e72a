// A place to publish that something changed. For values that change faster than a view library should be asked about.

export class Topic<T = void> {
  private readonly listeners = new Set<(value: T) => void>();

  /** Returns the function that ends the subscription. */
  subscribe(listener: (value: T) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  publish(value: T): void {
    for (const listener of this.listeners) listener(value);
  }
}
