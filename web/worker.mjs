// The worker of the published folder.

import * as ort from "./ort.wasm.min.mjs";
import { serve } from "./serve.mjs";

serve(ort, self);
