from catalog import Product
from worker.jobs import to_order


def test_orders_the_scarcest_first():
    products = (Product("Desk", 100, 2), Product("Chair", 100, 9), Product("Lamp", 100, 0))
    assert to_order(products) == ["lamp", "desk"]
