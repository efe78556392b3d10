import { Duration, RemovalPolicy, Stack, Validations } from "aws-cdk-lib";
import { AttributeType, BillingMode, Table } from "aws-cdk-lib/aws-dynamodb";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { BlockPublicAccess, Bucket, BucketEncryption, type CfnBucket } from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";

/** The bucket and the table that are the log: both outlive the stack, and nothing in them expires by itself. */
export class LogStorage extends Construct {
  readonly bucket: Bucket;
  readonly table: Table;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.bucket = new Bucket(this, "Bucket", {
      encryption: BucketEncryption.S3_MANAGED,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [{ abortIncompleteMultipartUploadAfter: Duration.days(1) }],
    });
    this.table = new Table(this, "Table", {
      partitionKey: { name: "pk", type: AttributeType.STRING },
      sortKey: { name: "sk", type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    Validations.of(this.bucket).acknowledge({
      id: "AwsSolutions-S1",
      reason:
        "Access logs would be one more object for each request; CloudTrail's data events tell the same where wanted.",
    });
  }

  /** What any broker does: it reads and writes objects, and never deletes one. */
  brokerStatements(): PolicyStatement[] {
    return [
      // Without the listing, S3 answers that a missing object is forbidden, and brokers could not tell the two apart.
      new PolicyStatement({ actions: ["s3:ListBucket"], resources: [this.bucket.bucketArn] }),
      this.#onObjects("s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"),
      new PolicyStatement({
        actions: [
          "dynamodb:DescribeTable",
          "dynamodb:GetItem",
          "dynamodb:BatchGetItem",
          "dynamodb:Query",
          "dynamodb:PutItem",
          "dynamodb:UpdateItem",
          "dynamodb:DeleteItem",
          "dynamodb:ConditionCheckItem",
        ],
        resources: [this.table.tableArn],
      }),
    ];
  }

  /** What the collector does beside that. */
  collectorStatements(): PolicyStatement[] {
    return [...this.brokerStatements(), this.#onObjects("s3:DeleteObject")];
  }

  /** Says why a role that has these statements names every object of the bucket. */
  acknowledgeObjects(holder: Construct): void {
    const logicalId = Stack.of(this).getLogicalId(this.bucket.node.defaultChild as CfnBucket);
    Validations.of(holder).acknowledge({
      id: `AwsSolutions-IAM5[Resource::<${logicalId}.Arn>/*]`,
      reason: "The bucket holds this log and nothing else, and objects are named as they are written.",
    });
  }

  #onObjects(...actions: string[]): PolicyStatement {
    return new PolicyStatement({ actions, resources: [this.bucket.arnForObjects("*")] });
  }
}
