import { writeClosingStatesPage } from "./closing-states.ts";
import { writeConfigurationFiles } from "./configuration-page.ts";
import { writeMetricsPage } from "./metrics-page.ts";

// `npm run docs`: writes the pages of docs/, and the schema, that are made from the code.

writeClosingStatesPage();
writeConfigurationFiles();
writeMetricsPage();
