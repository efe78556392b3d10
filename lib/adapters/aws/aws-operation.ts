/** What was asked of AWS, for errors that tell what to do next. */
export interface AwsOperation {
  /** For people: "put of topics/t/0/x.log". */
  readonly what: string;
  /** IAM actions that it needs: "s3:PutObject". */
  readonly actions: readonly string[];
  /** For people: "bucket orders" or "table orders". */
  readonly resource: string;
}
