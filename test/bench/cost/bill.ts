import { costOf, listPrices } from "../../../lib/adapters/wrappers/prices.ts";
import { countsBetween, StoreCounter, type StoreCounts } from "../../../lib/adapters/wrappers/store-counts.ts";

/** What is paid for by request and second; never by what is stored. */
export interface Bill {
  readonly stores: StoreCounts;
  readonly invocations: number;
  readonly gbSeconds: number;
  readonly gatewayUnits: number;
}

export const emptyBill: Bill = { stores: new StoreCounter().snapshot(), invocations: 0, gbSeconds: 0, gatewayUnits: 0 };

export function billBetween(before: Bill, after: Bill): Bill {
  return {
    stores: countsBetween(before.stores, after.stores),
    invocations: after.invocations - before.invocations,
    gbSeconds: after.gbSeconds - before.gbSeconds,
    gatewayUnits: after.gatewayUnits - before.gatewayUnits,
  };
}

export interface Dollars {
  readonly objects: number;
  readonly items: number;
  readonly functions: number;
  readonly gateway: number;
  readonly total: number;
}

export function dollarsOf({ stores, invocations, gbSeconds, gatewayUnits }: Bill): Dollars {
  const { objects, items } = costOf(stores);
  const functions = invocations * listPrices.functionRequest + gbSeconds * listPrices.functionGbSecond;
  const gateway = gatewayUnits * listPrices.httpRequest;
  return { objects, items, functions, gateway, total: objects + items + functions + gateway };
}

/** Some dollars, less a share of others. */
export function lessShare(dollars: Dollars, others: Dollars, share: number): Dollars {
  return {
    objects: dollars.objects - others.objects * share,
    items: dollars.items - others.items * share,
    functions: dollars.functions - others.functions * share,
    gateway: dollars.gateway - others.gateway * share,
    total: dollars.total - others.total * share,
  };
}
