export { type Page, pageOf } from "./archive/page.ts";
export { readWarc, type WarcOptions, type WarcRecord } from "./archive/warc.ts";
export { formatWarc } from "./archive/write_warc.ts";
export { type Classifier, type ClassifierSettings, readClassifier } from "./classifier/classifier.ts";
export { type ClassifierOptions, type ClassifierTrainer, classifierTrainer } from "./classifier/trainer.ts";
export {
  type Contamination,
  type DecontaminationOptions,
  type Decontaminator,
  decontaminator,
} from "./decontaminate/decontaminate.ts";
export { estimateJaccard, exactJaccard } from "./dedup/minhash.ts";
export { type NearDuplicateIndex, type NearDuplicateOptions, nearDuplicateIndex } from "./dedup/near_duplicates.ts";
export { domainOf, normalizeUrl, pathOf, type UrlSet, urlSet } from "./dedup/url.ts";
export { type ExtractedPage, extractText } from "./html/extract.ts";
export {
  type DomainCount,
  type DomainCounter,
  domainCounter,
  type PathCount,
  prefixOf,
  underAny,
} from "./loop/domains.ts";
export { formatReview, parseReview, type Review } from "./loop/review.ts";
export { type Keep, type ScoreHistogram, scoreHistogram } from "./loop/selection.ts";
export {
  DEEPSEEK_MATH_MIXTURE,
  type Mixture,
  type MixtureDocument,
  type MixtureOptions,
  type MixtureStage,
  type MixtureState,
  mixture,
} from "./mixture/mixture.ts";
export {
  formatQuality,
  type QualityCollector,
  type QualityPage,
  type QualityReport,
  qualityCollector,
} from "./report/quality.ts";
export { hashWord, splitWords, type Words, wordReader } from "./text/words.ts";
