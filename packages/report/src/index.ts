export { annotateTrace, type TraceRow } from './annotate-trace.ts'
export { describeAccess } from './describe-access.ts'
export { type DetSeries, renderDetCurve } from './det-curve.ts'
export { buildEvidenceTree } from './evidence-tree.ts'
export { drawTlvTree, type ExplainedExchange, explainExchange } from './explain-exchange.ts'
export {
  type ApplicationNode,
  buildFileTree,
  describeState,
  type FileNode,
  type FileState,
  renderFileTreeHtml,
  renderFileTreeText,
} from './file-tree.ts'
export { buildHolderView } from './holder-view.ts'
export {
  type CheckLine,
  type HolderLine,
  type HolderView,
  type PageImage,
  type ReportPage,
  renderHtmlReport,
  type StageLine,
} from './html-report.ts'
export { describeOutcome, drawExplanation, explainMatch, type MatchExplanation, renderExplanationPage } from './match-explanation.ts'
export { alignPairs, type MatchPicture, type MinutiaPair, renderMatchSvg } from './match-overlay.ts'
export { drawBestFinger, drawMatch } from './match-picture.ts'
export { RunRecorder } from './run-recorder.ts'
export { renderTraceText } from './trace-text.ts'
