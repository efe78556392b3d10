/** A failure, before the operation has any effect or after all of it. */
export interface Fault {
  readonly side: "before" | "after";
  readonly error: unknown;
}

/** Decides by the operation's name and arguments; undefined lets it pass. */
export type DecideFault = (operation: string, args: readonly unknown[]) => Fault | undefined;

/** The same object, whose asynchronous methods fail when told to. */
export function withFaults<Port extends object>(port: Port, decide: DecideFault): Port {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return async (...args: unknown[]) => {
        const fault = decide(String(name), args);
        if (fault?.side === "before") throw fault.error;
        const answer: unknown = await Reflect.apply(member, target, args);
        if (fault !== undefined) throw fault.error;
        return answer;
      };
    },
  });
}
