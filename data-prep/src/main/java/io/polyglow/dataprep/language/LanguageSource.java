package io.polyglow.dataprep.language;

/** Where a document's language comes from. */
public enum LanguageSource {
    /** The input states it, or the config for all documents that state none. */
    METADATA,
    /** A model is sure enough. */
    DETECTED,
    /** Nothing is known. */
    NONE
}
