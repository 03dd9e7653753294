/**
 * Web pages into their main text: which blocks of a page are its content, whatever the language. Knows jsoup, nothing of files. Start at {@link io.polyglow.dataprep.html.MainContent}.
 */
@NullMarked
package io.polyglow.dataprep.html;

import org.jspecify.annotations.NullMarked;
