package io.polyglow.dataprep.html;

import java.util.Set;
import java.util.regex.Pattern;

/**
 * What class, id, role and itemprop say about an element. The words are those of the web's templates, which name parts in English whatever language
 * the page is in; lists of readers' tools (Readability, Trafilatura) were the starting point.
 */
final class BoxHints {
    /** Parts of a page that are never its text, wherever they stand. Words as parts of names such as {@code post-share__list}. */
    private static final Pattern BOILERPLATE = Pattern.compile(
            "(?:^|[ _-])(?:nav|navbar|navigation|navbox|subnav|menu|breadcrumbs?|footer|foot|sidebar|side-?bar|rail|share|sharing|share-?bar|sharedaddy|social|sociable"
                    + "|related|recommended|recommendations?|recirc|more-?stories|read-?more|most-?popular|trending|popular|newsletter|subscribe|subscription|signup|sign-?up"
                    + "|comments?|commentlist|disqus|respond|replies|cookies?|consent|gdpr|advert|advertisement|ads?|adsbygoogle|advertising|sponsored?|promo|promoted?|outbrain|taboola"
                    + "|widget|tags?|taglist|tag-?list|byline|author|author-?(?:bio|box|info)|authors|bio|caption|credit|credits|copyright|timestamp|dateline|pagination|pager|paginator|popup|modal|overlay"
                    + "|toolbar|tooltip|print|skip|hidden|hide|sr-only|screen-reader-text|visually-?hidden|visuallyhidden|rating|meta|postmeta|masthead|banner|login|search|carousel|slideshow|gallery"
                    + "|teasers?|disclaimer|jp-relatedposts|infobox|ratings?|permalink|button|btn)(?:$|[ _-])");

    private static final Pattern BOILERPLATE_PART = Pattern.compile(
            "relatedposts?|related-|relatedarticle|relatedstor|sharebar|sharebutton|sharetool|sociallinks|socialshare|social-|addthis|shareaholic|breadcrumb|newsletter|commentlist|comments-|commentsection|disqus|most-popular|outbrain|taboola|sidebar|footer|navigation|author-|byline|tag-list|advert|promo-|cookie|-caption|caption-|recommend");

    private static final Pattern CONTENT =
            Pattern.compile("article|body|content|entry|hentry|main|page|post|text|blog|story|column|shadow");
    private static final Pattern ARTICLE_BODY = Pattern.compile(
            "article[_-]*(?:body|content|text)|(?:post|entry|story|content|single|blog|news)[_-]*(?:body|content|text)|body[_-]*text|main[_-]*content|content[_-]*(?:main|body)|fulltext|field-body");
    private static final Set<String> OUTSIDE_ROLES = Set.of(
            "navigation",
            "banner",
            "complementary",
            "contentinfo",
            "search",
            "menu",
            "menubar",
            "dialog",
            "alert",
            "alertdialog",
            "tooltip");

    private BoxHints() {}

    /** Whether the element is by its name not part of the text. */
    static boolean isBoilerplate(Box box) {
        String role = box.element.attr("role");
        if (OUTSIDE_ROLES.contains(role)) {
            return true;
        }
        return !box.hints.isEmpty()
                && (BOILERPLATE.matcher(box.hints).find()
                        || BOILERPLATE_PART.matcher(box.hints).find());
    }

    /** Whether the element is by its name the text of an article. */
    static boolean isArticleBody(Box box) {
        return ARTICLE_BODY.matcher(box.hints).find();
    }

    /** Whether the element has a name that content goes by. */
    static boolean isContent(Box box) {
        return CONTENT.matcher(box.hints).find();
    }
}
