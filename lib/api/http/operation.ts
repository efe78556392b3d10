import type * as z from "zod";
import { JSON_TYPE } from "./media-types.ts";

/** A media type's content: a schema, or what stands in the bytes. */
export type Content = Readonly<Record<string, z.ZodType | { readonly bytes: string }>>;

/** One address and method, for the OpenAPI document and for telling a wrong method from a wrong address. */
export interface Operation {
  readonly method: "get" | "post" | "patch" | "delete";
  readonly address: string;
  readonly id: string;
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly body?: Content;
  readonly status: 200 | 201 | 204;
  readonly answer: Content;
  /** Answered without a token. */
  readonly open?: true;
}

export const json = (schema: z.ZodType): Content => ({ [JSON_TYPE]: schema });
