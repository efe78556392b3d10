/** An address of the contract ("/v1/topics/{topic}") as Hono's router writes it ("/v1/topics/:topic"). */
export function routePath<Address extends string>(address: Address): RoutePath<Address> {
  return address.replace(/\{(\w+)\}/g, ":$1") as RoutePath<Address>;
}

type RoutePath<Address extends string> = Address extends `${infer Before}{${infer Name}}${infer After}`
  ? `${Before}:${Name}${RoutePath<After>}`
  : Address;
