from web import create_app


def test_lists_every_product():
    page = create_app().test_client().get("/").text
    assert "Brass Compass" in page
    assert "/products/cafe-press" in page


def test_shows_a_product_or_says_it_is_not_there():
    client = create_app().test_client()
    assert "sold out" in client.get("/products/cafe-press").text
    assert client.get("/products/sofa").status_code == 404
    assert client.get("/api/products").json[0]["cents"] == 4250
