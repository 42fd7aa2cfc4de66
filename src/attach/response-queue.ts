import type { ServerResponse } from "node:http";

// The responses that are due on one connection, in the order in which they are sent. Nearly always
// there is one or none, and that costs no array: a queue of one would make and drop its memory with
// each request.

export class ResponseQueue {
  #first: ServerResponse | null = null;
  #others: ServerResponse[] | null = null;

  get size(): number {
    if (this.#first === null) return 0;
    return 1 + (this.#others?.length ?? 0);
  }
  get first(): ServerResponse | null {
    return this.#first;
  }
  get last(): ServerResponse | null {
    return this.#others?.at(-1) ?? this.#first;
  }

  add(response: ServerResponse): void {
    if (this.#first === null) this.#first = response;
    else {
      this.#others ??= [];
      this.#others.push(response);
    }
  }

  /** They end in the order of their requests, unless one is given up. */
  remove(response: ServerResponse): void {
    if (response === this.#first) this.#first = this.#others?.shift() ?? null;
    else if (this.#others !== null) {
      const index = this.#others.indexOf(response);
      if (index >= 0) this.#others.splice(index, 1);
    }
  }

  clear(): void {
    this.#first = null;
    this.#others = null;
  }

  every(test: (response: ServerResponse) => boolean): boolean {
    if (this.#first === null) return true;
    return test(this.#first) && (this.#others?.every(test) ?? true);
  }

  forEach(visit: (response: ServerResponse) => void): void {
    if (this.#first !== null) visit(this.#first);
    this.#others?.forEach(visit);
  }
}
