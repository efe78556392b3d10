import type { Change, TransactPart } from "../../../lib/storage/item-change.ts";
import type { ItemKey } from "../../../lib/storage/item-value.ts";

/** One operation on a port, as a test sees it pass. */
export interface Passing {
  readonly operation: string;
  readonly args: readonly unknown[];
}

/** Stands between an engine and its store: lets an operation proceed, now, later or never, or fails it. */
export type Intercept = (passing: Passing, proceed: () => Promise<unknown>) => Promise<unknown>;

/** The same port, whose asynchronous methods pass through `intercept`. */
export function intercepted<Port extends object>(port: Port, intercept: Intercept): Port {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return async (...args: unknown[]) => {
        const proceed = async (): Promise<unknown> => Reflect.apply(member, target, args);
        return intercept({ operation: String(name), args }, proceed);
      };
    },
  });
}

const setsAt = (changes: readonly Change[], attribute: string): boolean =>
  changes.some(({ kind, path }) => kind === "set" && path[0] === attribute);

function headChanges({ operation, args }: Passing): readonly Change[] {
  return operation === "update" && (args[0] as ItemKey).sk === "head" ? (args[1] as readonly Change[]) : [];
}

function transactParts({ operation, args }: Passing): readonly TransactPart[] {
  return operation === "transact" ? (args[0] as readonly TransactPart[]) : [];
}

/** The update of a head that appends. */
export function isCommit(passing: Passing): boolean {
  return setsAt(headChanges(passing), "tail");
}

/** The update of a head that removes what has been spilled. */
export function isTrim(passing: Passing): boolean {
  return setsAt(headChanges(passing), "tailBase");
}

/** The update of a head that raises its horizon over a lost attempt. */
export function isKill(passing: Passing): boolean {
  return setsAt(headChanges(passing), "horizon");
}

/** The transaction that moves a tail into the index. */
export function isSpill(passing: Passing): boolean {
  return transactParts(passing).some((part) => part.kind === "update" && part.key.sk === "control");
}

/** The transaction that puts a segment in the place of entries. */
export function isSwap(passing: Passing): boolean {
  return transactParts(passing).some((part) => part.kind === "put" && part.item.kind === "segment");
}
