import { writeClosingStatesPage } from "./closing-states.ts";

// `npm run docs`: writes the pages of docs/ that are made from the code.

writeClosingStatesPage();
