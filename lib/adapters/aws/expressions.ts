import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { assert, InvariantError } from "../../base/assert.ts";
import { utf8 } from "../../base/bytes.ts";
import type { Change, Condition } from "../../storage/item-change.ts";
import { expressionBytesMax } from "../../storage/item-limits.ts";
import type { ItemValue, Path } from "../../storage/item-value.ts";
import { ownedValue } from "../../storage/owned-value.ts";
import { attributeOf, PARTITION_KEY } from "./dynamo-attribute.ts";

/** The expressions of one request, as fields of its input; a field that would be empty is left out. */
export interface Expressions {
  readonly UpdateExpression?: string;
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, AttributeValue>;
}

/**
 * Changes and conditions, with the changes' guards, in DynamoDB's language (developer guide, "Update expressions" and "Condition and filter
 * expressions, operators, and functions"). `checkUpdate` has refused what would not fit its limits.
 */
export function expressionsOf(changes: readonly Change[], conditions: readonly Condition[]): Expressions {
  const placeholders = new Placeholders();
  const update = updateExpression(changes, placeholders);
  const texts = [...conditions.map((one) => conditionText(one, placeholders)), ...guardTexts(changes, placeholders)];
  const condition = texts.join(" AND ");
  for (const text of [update, condition]) {
    assert(utf8(text).byteLength <= expressionBytesMax, "what checkUpdate let pass fits one expression");
  }
  return {
    ...(update === "" ? {} : { UpdateExpression: update }),
    ...(condition === "" ? {} : { ConditionExpression: condition }),
    ...placeholders.fields(),
  };
}

/**
 * What the port demands of an item before something is removed from it, which implementations of DynamoDB judge
 * differently: an update that only removes creates nothing, and the map around a removed entry is there.
 */
function guardTexts(changes: readonly Change[], placeholders: Placeholders): string[] {
  const removed = changes.filter((change) => change.kind === "remove");
  const parents = removed.filter(({ path }) => path.length > 1).map(({ path }) => placeholders.parent(path));
  const typed = [...new Set(parents)].map((parent) => `attribute_type(${parent},${placeholders.text("M")})`);
  const onlyRemoves = removed.length > 0 && removed.length === changes.length;
  return onlyRemoves ? [`attribute_exists(${PARTITION_KEY})`, ...typed] : typed;
}

function updateExpression(changes: readonly Change[], placeholders: Placeholders): string {
  const sets: string[] = [];
  const removes: string[] = [];
  for (const change of changes) {
    if (change.kind === "remove") removes.push(placeholders.path(change.path));
    else sets.push(`${placeholders.path(change.path)}=${rightHandSide(change, placeholders)}`);
  }
  const clauses = [
    ...(sets.length === 0 ? [] : [`SET ${sets.join(",")}`]),
    ...(removes.length === 0 ? [] : [`REMOVE ${removes.join(",")}`]),
  ];
  return clauses.join(" ");
}

function rightHandSide(change: Change, placeholders: Placeholders): string {
  switch (change.kind) {
    case "set":
      return placeholders.value(ownedValue(change.value, change.path.join("."), change.path.length));
    // Plus, even of nothing: it refuses an old value that is no number.
    case "setFrom":
      return `${placeholders.path(change.from)}+${placeholders.number(change.plus)}`;
    // The clause ADD takes no path into a map.
    case "add": {
      const old = `if_not_exists(${placeholders.path(change.path)},${placeholders.number(0)})`;
      return `${old}+${placeholders.number(change.by)}`;
    }
    case "remove":
      throw new InvariantError("a removal has no right-hand side");
  }
}

function conditionText(condition: Condition, placeholders: Placeholders): string {
  switch (condition.kind) {
    case "itemExists":
      return `attribute_exists(${PARTITION_KEY})`;
    case "itemAbsent":
      return `attribute_not_exists(${PARTITION_KEY})`;
    case "exists":
      return `attribute_exists(${placeholders.path(condition.path)})`;
    case "absent":
      return `attribute_not_exists(${placeholders.path(condition.path)})`;
    case "equal":
      return `${placeholders.path(condition.path)}=${placeholders.value(condition.value)}`;
    case "less":
      return `${placeholders.path(condition.path)}<${placeholders.value(condition.value)}`;
    case "greater":
      return `${placeholders.path(condition.path)}>${placeholders.value(condition.value)}`;
    case "sizeLess":
      return `size(${placeholders.path(condition.path)})<${placeholders.number(condition.size)}`;
  }
}

/** Names, texts and numbers written once each as `#0`, `:0`: any text can be a name, and expressions stay short. */
class Placeholders {
  readonly #names = new Map<string, string>();
  readonly #numbers = new Map<number, string>();
  readonly #texts = new Map<string, string>();
  readonly #values: Record<string, AttributeValue> = {};
  #valueCount = 0;

  path(path: Path): string {
    return path.map((name) => this.#name(name)).join(".");
  }

  /** The map that holds a path's last name. */
  parent(path: Path): string {
    return path
      .slice(0, -1)
      .map((name) => this.#name(name))
      .join(".");
  }

  value(value: ItemValue): string {
    if (typeof value === "number") return this.number(value);
    if (typeof value === "string") return this.text(value);
    return this.#add(attributeOf(value));
  }

  text(value: string): string {
    const known = this.#texts.get(value) ?? this.#add({ S: value });
    this.#texts.set(value, known);
    return known;
  }

  number(value: number): string {
    const known = this.#numbers.get(value);
    if (known !== undefined) return known;
    const placeholder = this.#add(attributeOf(ownedValue(value, "an expression")));
    this.#numbers.set(value, placeholder);
    return placeholder;
  }

  fields(): Pick<Expressions, "ExpressionAttributeNames" | "ExpressionAttributeValues"> {
    const names = [...this.#names].map(([name, placeholder]) => [placeholder, name]);
    return {
      ...(names.length === 0 ? {} : { ExpressionAttributeNames: Object.fromEntries(names) }),
      ...(this.#valueCount === 0 ? {} : { ExpressionAttributeValues: this.#values }),
    };
  }

  #name(name: string): string {
    const placeholder = this.#names.get(name) ?? `#${this.#names.size}`;
    this.#names.set(name, placeholder);
    return placeholder;
  }

  #add(attribute: AttributeValue): string {
    const placeholder = `:${this.#valueCount++}`;
    this.#values[placeholder] = attribute;
    return placeholder;
  }
}
