from click.testing import CliRunner
from openpyxl import load_workbook
from storefront_cli.commands import main


def test_lists_products():
    result = CliRunner().invoke(main, ["list"])
    assert result.exit_code == 0
    assert "Walnut Desk Lamp" in result.output


def test_exports_a_spreadsheet(tmp_path):
    target = tmp_path / "catalogue.xlsx"
    result = CliRunner().invoke(main, ["export", str(target)])
    assert result.output.startswith("3 products")
    assert load_workbook(target).active["A2"].value == "Brass Compass"
