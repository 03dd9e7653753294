/**
 * What a prepared corpus is, for people: one page to look at and a data card. Pure functions of counted numbers. Start at
 * {@link io.polyglow.dataprep.report.CorpusReport}.
 */
@NullMarked
package io.polyglow.dataprep.report;

import org.jspecify.annotations.NullMarked;
