package io.polyglow.dataprep.language;

/** Where a document's language comes from. */
public enum LanguageSource {
    /** The input states it in a member or column that the user named. */
    METADATA,
    /** The page or its archive claims it, and the config trusts pages. */
    PAGE,
    /** The config states it for all documents that state none. */
    CONFIG,
    /** A model is sure enough. */
    DETECTED,
    /** Nothing is known. */
    NONE
}
