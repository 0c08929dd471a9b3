/**
 * Runs the Python that a model writes, and lets a model go on with what it printed.
 *
 * @module
 */
export {
  createInterpreter,
  type Interpreter,
  type InterpreterOptions,
  type RunOptions,
  type RunResult,
} from "./interpreter.ts";
export { lastProgram, truncateOutput } from "./text.ts";
export {
  type SampledTokens,
  type SampleTokens,
  type ToolCall,
  type ToolLoopOptions,
  type ToolTrajectory,
  toolLoop,
} from "./tool_loop.ts";
