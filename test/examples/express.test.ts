import { describeExample } from "./example-contract.ts";

describeExample({ name: "express" });
