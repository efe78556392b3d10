import type { ConsumedCapacity, DynamoDBClient } from "@aws-sdk/client-dynamodb";

/** The table behind a store, and who is told what its requests consume. */
export interface DynamoTable {
  readonly client: DynamoDBClient;
  readonly name: string;
  /** Fields of every request. */
  readonly capacity: { readonly ReturnConsumedCapacity?: "TOTAL" };
  readonly consumed: (consumed: ConsumedCapacity | undefined) => void;
}
