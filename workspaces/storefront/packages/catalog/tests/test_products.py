from catalog import find, load


def test_titles_become_plain_slugs():
    assert [product.slug for product in load()] == ["brass-compass", "cafe-press", "walnut-desk-lamp"]


def test_finds_a_product_and_its_price():
    lamp = find("walnut-desk-lamp")
    assert lamp is not None
    assert (lamp.price, lamp.stock) == ("119.00", 2)
    assert find("sofa") is None
