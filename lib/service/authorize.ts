import type { Principal } from "../api/log-service.ts";

export type Operation = "read" | "write" | "create" | "delete" | "alter" | "describe";
export type Resource = { readonly kind: "topic" | "group"; readonly name: string } | { readonly kind: "cluster" };

/**
 * The one place that decides who may do what; throws `TopicAuthorizationFailed`, `GroupAuthorizationFailed` or
 * `ClusterAuthorizationFailed`.
 */
export type Authorize = (principal: Principal, operation: Operation, resource: Resource) => void;

export const allowAll: Authorize = () => undefined;
