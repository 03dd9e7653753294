package io.polyglow.dataprep.html;

import java.util.List;
import java.util.Set;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;

/**
 * The main text of a page: what is left without navigation, advertising, comments and the like. It goes by structure alone, text against links, clauses, and names of classes,
 * so it knows no language. The steps are those of Readability (scores of paragraphs find the element that holds the text; links and controls in it go) after those of
 * Trafilatura (parts whose names say that they are furniture go first). A page on which that leaves little is taken with fewer scruples.
 */
public final class MainContent {
    /** With less text than this the next way is tried, and the longer text counts. */
    private static final int ENOUGH_CHARS = 250;

    private static final Set<String> FURNITURE = Set.of("nav", "aside", "footer", "figure", "menu");
    private static final Set<String> NAVIGATION = Set.of("nav");

    private static final double MAIN_SHARE = 0.25;

    private enum Way {
        WITHOUT_NAMED_FURNITURE,
        BY_SCORE,
        WHOLE_BODY
    }

    private static final List<Way> SELECTIVE = List.of(Way.WITHOUT_NAMED_FURNITURE, Way.BY_SCORE);

    private MainContent() {}

    /** The main text of a page: a line per block, no blank lines; empty when there is no text. */
    public static String of(Document page) {
        Element root = root(page);
        String best = "";
        for (Way way : SELECTIVE) {
            String text = extract(root, way);
            if (text.length() >= ENOUGH_CHARS) {
                return text;
            }
            best = text.length() > best.length() ? text : best;
        }
        // the whole body holds more on every page with a menu, so its length tells nothing
        return best.isEmpty() ? extract(root, Way.WHOLE_BODY) : best;
    }

    /** The element that the page marks as its main part, unless it holds little of the text; else the body. */
    private static Element root(Document page) {
        List<Box> boxes = PageOutline.of(page.body(), FURNITURE);
        Measure.sum(boxes);
        Box body = boxes.get(0);
        return boxes.stream()
                .filter(box ->
                        box.tag.equals("main") || box.element.attr("role").equals("main"))
                .filter(box -> box.chars >= MAIN_SHARE * body.chars)
                .findFirst()
                .orElse(body)
                .element;
    }

    private static String extract(Element root, Way way) {
        List<Box> boxes = PageOutline.of(root, way == Way.WHOLE_BODY ? NAVIGATION : FURNITURE);
        Measure.sum(boxes);
        if (way == Way.WHOLE_BODY) {
            return BoxText.of(boxes, boxes.get(0));
        }
        if (way == Way.WITHOUT_NAMED_FURNITURE) {
            Pruning.byName(boxes);
        }
        Box top = ContentScore.top(boxes);
        Pruning.byDensity(boxes, top);
        return BoxText.of(boxes, top);
    }
}
