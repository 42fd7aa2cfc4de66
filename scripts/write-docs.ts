import { writeClosingStatesPage } from "./closing-states.ts";
import { writeComparisonPage } from "./compare/comparison-files.ts";
import { writeConfigurationFiles } from "./configuration-page.ts";
import { writeMetricsPage } from "./metrics-page.ts";
import { writeProbePage } from "./probe-page.ts";
import { writeScenarioSchema } from "./scenario-schema.ts";
import { writeSimulatorPage } from "./simulator-page.ts";

// `npm run docs`: writes the pages of docs/, and the schemas, that are made from the code.

writeClosingStatesPage();
writeComparisonPage();
writeConfigurationFiles();
writeMetricsPage();
writeProbePage();
writeScenarioSchema();
writeSimulatorPage();
