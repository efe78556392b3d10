import type { Call } from "../../lib/base/call.ts";
import type { Change, Condition, TransactPart } from "../../lib/storage/item-change.ts";
import type {
  ItemPage,
  ItemStore,
  Query,
  ReadOptions,
  TransactOutcome,
  UpdateOutcome,
} from "../../lib/storage/item-store.ts";
import type { Item, ItemKey, ItemValue } from "../../lib/storage/item-value.ts";
import { deletedIn, isStagedItem } from "./held-back.ts";
import type { ItemHistory } from "./item-history.ts";
import type { StoreLine } from "./store-line.ts";

const STALE_MS = [20, 1000, 10_000];

/** What a write may change, and what it puts. */
interface Touched {
  readonly keys: readonly ItemKey[];
  /** Where something goes, by `deletedIn`. */
  readonly deleted: readonly string[];
  /** What it takes the place of, where one comes in the place of several. */
  readonly replaces: readonly string[];
  readonly values: readonly ItemValue[];
}

/** The shared items as one process sees them, through delays and faults. Repeats nothing by itself. */
export class SimulatedItemStore implements ItemStore {
  readonly #line: StoreLine;
  readonly #truth: ItemStore;
  readonly #history: ItemHistory;

  constructor(line: StoreLine, truth: ItemStore, history: ItemHistory) {
    this.#line = line;
    this.#truth = truth;
    this.#history = history;
  }

  get(key: ItemKey, call: Call, options: ReadOptions = {}): Promise<Item | undefined> {
    const asOfMs = this.#asOfMs(options);
    const perform = (): Promise<Item | undefined> =>
      asOfMs === undefined ? this.#truth.get(key, OPEN_ENDED) : Promise.resolve(this.#history.getAsOf(key, asOfMs));
    return this.#read(
      "get",
      () => textOfKey(key),
      perform,
      (item) => (item === undefined ? "none" : "found"),
      call,
    );
  }

  getMany(keys: readonly ItemKey[], call: Call, options: ReadOptions = {}): Promise<readonly (Item | undefined)[]> {
    const asOfMs = this.#asOfMs(options);
    const perform = (): Promise<readonly (Item | undefined)[]> =>
      asOfMs === undefined
        ? this.#truth.getMany(keys, OPEN_ENDED)
        : Promise.resolve(keys.map((key) => this.#history.getAsOf(key, asOfMs)));
    const target = (): string => keys.map(textOfKey).join(" ");
    return this.#read("getMany", target, perform, (items) => `${items.length} answers`, call);
  }

  query(query: Query, call: Call): Promise<ItemPage> {
    const { faults } = this.#line;
    const { random } = this.#line.world;
    const limit = query.limit ?? 1000;
    const asked =
      limit > 1 && faults.fires("partialPage") ? { ...query, limit: 1 + random.below(Math.min(limit, 4)) } : query;
    const asOfMs = this.#asOfMs(query);
    const perform = (): Promise<ItemPage> =>
      asOfMs === undefined
        ? this.#truth.query(asked, OPEN_ENDED)
        : Promise.resolve(this.#history.queryAsOf(asked, asOfMs));
    const target = (): string =>
      `${query.pk} [${query.from ?? ""}, ${query.to ?? ""}]${query.reverse === true ? " reversed" : ""}`;
    return this.#read(
      "query",
      target,
      perform,
      (page) => `${page.items.length} items${page.more ? " and more" : ""}`,
      call,
    );
  }

  update(
    key: ItemKey,
    changes: readonly Change[],
    conditions: readonly Condition[],
    call: Call,
  ): Promise<UpdateOutcome> {
    const target = (): string =>
      `${textOfKey(key)} {${changes.map(textOfChange).join(", ")}} if {${conditions.map(textOfCondition).join(", ")}}`;
    const perform = (): Promise<UpdateOutcome> => this.#truth.update(key, changes, conditions, OPEN_ENDED);
    return this.#write(
      "update",
      target,
      { keys: [key], deleted: [], replaces: [], values: [] },
      perform,
      (outcome) => (outcome.ok ? "done" : "refused"),
      call,
    );
  }

  transact(parts: readonly TransactPart[], call: Call): Promise<TransactOutcome> {
    const target = (): string => parts.map((part) => `${part.kind} ${textOfKey(part.key)}`).join(", ");
    const deleted = parts.filter(({ kind }) => kind === "delete").map(({ key }) => deletedIn(key.pk));
    const values = parts.flatMap((part) => (part.kind === "put" ? Object.values(part.item) : []));
    const moved = parts.filter(({ kind }) => kind === "put" || kind === "delete").map(({ key }) => textOfKey(key));
    const replaces = deleted.length > 0 && values.length > 0 ? moved : [];
    const touched = { keys: parts.map((part) => part.key), deleted: [...new Set(deleted)], replaces, values };
    const summarize = (outcome: TransactOutcome): string =>
      outcome.ok ? "done" : `refused by ${outcome.failed.map((failure) => failure.part).join(", ")}`;
    return this.#write("transact", target, touched, () => this.#truth.transact(parts, OPEN_ENDED), summarize, call);
  }

  #read<Answer>(
    name: string,
    target: () => string,
    perform: () => Promise<Answer>,
    summarize: (answer: Answer) => string,
    call: Call,
  ): Promise<Answer> {
    const operation = { name, target, writes: false, mayConflict: false, latencyMs: 3, perform, summarize };
    return this.#line.run(operation, call);
  }

  #write<Answer>(
    name: string,
    target: () => string,
    { keys, deleted, replaces, values }: Touched,
    write: () => Promise<Answer>,
    summarize: (answer: Answer) => string,
    call: Call,
  ): Promise<Answer> {
    const { scheduler, faults } = this.#line.world;
    const perform = async (): Promise<Answer> => {
      const answer = await write();
      if (faults.mayFire("staleRead")) await this.#history.keep(keys, scheduler.nowMs);
      return answer;
    };
    const changes = { names: [...keys.map(textOfKey), ...deleted], place: keys[0]?.pk ?? "", replaces };
    const [first] = keys;
    const leaves = deleted.length === 0 && first !== undefined && isStagedItem(first.pk) ? textOfKey(first) : undefined;
    const refersTo = (left: string): boolean => values.includes(left);
    const changed = { changes, leaves, refersTo };
    const operation = { name, target, writes: true, ...changed, mayConflict: true, latencyMs: 5, perform, summarize };
    return this.#line.run(operation, call);
  }

  #asOfMs(options: ReadOptions): number | undefined {
    const { faults } = this.#line;
    const { random, scheduler } = this.#line.world;
    if (options.consistent !== false || !faults.fires("staleRead")) return undefined;
    return scheduler.nowMs - random.fraction() * random.pick(STALE_MS);
  }
}

/** The deadline is kept by the line; the shared state answers at once. */
const OPEN_ENDED: Call = { deadlineMs: Number.POSITIVE_INFINITY };

function textOfKey(key: ItemKey): string {
  return `${key.pk}|${key.sk}`;
}

function textOfChange(change: Change): string {
  return `${change.kind} ${change.path.join(".")}`;
}

function textOfCondition(condition: Condition): string {
  return "path" in condition ? `${condition.kind} ${condition.path.join(".")}` : condition.kind;
}
