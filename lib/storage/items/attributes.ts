import { LogError } from "../../base/errors.ts";
import { type Item, type ItemMap, type ItemValue, isMap } from "../item-value.ts";

/** Reads typed attributes of a stored item; what is missing or of another type is a `CorruptItem` error. */
export class AttributeReader {
  readonly #item: Item;
  readonly #what: string;

  /** `what` names the item in errors. Demands the format `version`, or an older one. */
  constructor(item: Item, what: string, version: number) {
    this.#item = item;
    this.#what = what;
    const stored = this.number("v");
    if (stored > version) {
      throw new LogError(
        "StoreFormat",
        `${what} has format ${stored}, this version reads up to ${version}: upgrade Tidelog`,
      );
    }
  }

  number(name: string): number {
    const value = this.#item[name];
    return typeof value === "number" ? value : this.#wrong(name, "number");
  }

  text(name: string): string {
    const value = this.#item[name];
    return typeof value === "string" ? value : this.#wrong(name, "string");
  }

  bytes(name: string): Uint8Array {
    const value = this.#item[name];
    return value instanceof Uint8Array ? value : this.#wrong(name, "bytes");
  }

  map(name: string): ItemMap {
    const value = this.#item[name];
    return isMap(value) ? value : this.#wrong(name, "map");
  }

  list(name: string): readonly ItemValue[] {
    const value = this.#item[name];
    return Array.isArray(value) ? value : this.#wrong(name, "list");
  }

  has(name: string): boolean {
    return this.#item[name] !== undefined;
  }

  oneOf<Text extends string>(name: string, allowed: readonly Text[]): Text {
    const value = this.text(name);
    const found = allowed.find((each) => each === value);
    return found ?? this.#wrong(name, allowed.join(" or "));
  }

  #wrong(name: string, expected: string): never {
    throw new LogError("CorruptItem", `${this.#what}: attribute ${name} is no ${expected}`);
  }
}
