import type { LogError } from "../base/errors.ts";

/** One topic's part of an answer. */
export type TopicResult<Answer> =
  | ({ readonly topic: string; readonly ok: true } & Answer)
  | { readonly topic: string; readonly ok: false; readonly error: LogError };

/** Config values by Kafka's names ("max.message.bytes"), as text, as Kafka has them. */
export type ConfigValues = Readonly<Record<string, string>>;

export interface CreateTopicsRequest {
  readonly topics: readonly {
    readonly name: string;
    /** The server's default when absent. */
    readonly partitions?: number | undefined;
    readonly configs?: ConfigValues | undefined;
  }[];
  /** Checks everything and creates nothing. */
  readonly validateOnly?: boolean | undefined;
}

export interface DeleteTopicsRequest {
  readonly names: readonly string[];
}

export interface CreatePartitionsRequest {
  readonly topics: readonly {
    readonly name: string;
    /** Partitions in all, afterwards; more than now. */
    readonly totalCount: number;
  }[];
}

export interface DescribeTopicsRequest {
  /** All topics when absent. */
  readonly names?: readonly string[] | undefined;
  /** Creates those that are missing, where the server allows it. */
  readonly allowAutoCreate?: boolean | undefined;
}

export interface TopicDescription {
  /** 32 hex digits. */
  readonly topicId: string;
  /** Partitions are numbered from 0 below this. */
  readonly partitions: number;
  /** What was set on the topic itself. */
  readonly configs: ConfigValues;
}

export type ConfigSource = "topic" | "server" | "default";

export interface ConfigEntry {
  readonly name: string;
  readonly value: string;
  readonly source: ConfigSource;
}

export interface TopicConfigs {
  /** Effective values of all known configs, by name. */
  readonly entries: readonly ConfigEntry[];
}

export interface DescribeConfigsRequest {
  readonly topics: readonly string[];
}

export interface AlterConfigsRequest {
  readonly topics: readonly {
    readonly name: string;
    readonly set?: ConfigValues | undefined;
    /** Back to the server's value. */
    readonly remove?: readonly string[] | undefined;
  }[];
}
