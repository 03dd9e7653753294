package io.polyglow.dataprep.spark;

import io.polyglow.common.token.Tokenizer;
import io.polyglow.dataprep.tokenize.TrainingReport;

/** A tokenizer and what it learned from. */
public record TrainedTokenizer(Tokenizer tokenizer, TrainingReport report) {}
